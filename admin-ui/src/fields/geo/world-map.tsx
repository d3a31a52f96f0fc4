import { t } from "@/i18n";
import classes from "./world-map.module.css";

// Rough outlines of the land, drawn by hand in whole degrees: enough to find a country by eye, without
// asking a stranger's server for tiles.
const LAND = [
  "-168 66,-156 71,-128 70,-110 68,-95 72,-82 73,-78 62,-65 59,-56 52,-66 45,-75 38,-81 31,-81 25,-84 30,-97 27,-97 20,-90 21,-87 16,-80 9,-84 10,-95 16,-105 20,-113 31,-122 37,-124 47,-135 58,-150 60,-163 55",
  "-73 78,-60 82,-32 83,-20 76,-24 70,-43 60,-52 65,-56 73",
  "-80 8,-72 12,-60 9,-50 0,-35 -6,-39 -15,-48 -27,-58 -38,-66 -46,-68 -54,-75 -50,-73 -37,-70 -19,-81 -5",
  "-9 37,-9 43,-1 44,-4 48,4 52,9 57,6 59,12 65,25 71,40 67,60 69,73 72,100 77,113 74,140 73,180 69,178 64,162 58,160 52,155 58,142 59,135 54,141 47,129 42,127 35,122 40,119 35,121 29,110 20,106 10,103 2,98 10,94 17,89 22,80 15,77 8,73 18,66 25,57 26,48 30,52 25,59 22,52 16,44 13,35 28,36 37,27 37,26 41,20 38,19 42,12 45,18 40,15 38,9 44,3 43,-2 37",
  "-17 15,-10 31,-5 36,10 37,20 31,33 31,43 12,51 11,40 -4,40 -16,35 -24,31 -30,20 -35,15 -27,12 -17,13 -5,9 4,-8 5",
  "114 -22,122 -18,131 -12,137 -12,136 -16,141 -11,146 -19,153 -27,150 -37,140 -38,131 -32,116 -35",
  "-6 50,1 51,-2 56,-5 58",
  "130 32,140 36,142 45,137 36",
  "95 5,104 -5,115 -8,105 0",
  "109 1,118 6,117 -3,111 -3",
  "131 -1,141 -3,150 -10,139 -8",
  "44 -16,50 -15,47 -25,44 -23",
  "173 -35,178 -38,168 -46,171 -42",
  "-24 65,-14 65,-18 63",
];

interface Props {
  lon: number;
  lat: number;
  onPick: (lon: number, lat: number) => void;
}

const STEP = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] } as Record<string, [number, number]>;
const clamp = (value: number, limit: number) => Math.round(Math.max(-limit, Math.min(limit, value)) * 1e4) / 1e4;

/** A map of the world in plate carrée: a click picks a place, the arrow keys move it by a degree. */
export function WorldMap({ lon, lat, onPick }: Props) {
  return (
    <svg
      viewBox="-180 -90 360 180"
      className={classes["map"]}
      role="application"
      aria-label={t("Map of the world. The arrow keys move the place.")}
      // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- the arrow keys move the place
      tabIndex={0}
      onClick={(event) => {
        const box = event.currentTarget.getBoundingClientRect();
        onPick(clamp(((event.clientX - box.left) / box.width) * 360 - 180, 180), clamp(90 - ((event.clientY - box.top) / box.height) * 180, 90));
      }}
      onKeyDown={(event) => {
        const step = STEP[event.key];
        if (!step) return;
        event.preventDefault();
        const size = event.shiftKey ? 0.1 : 1;
        onPick(clamp(lon + step[0] * size, 180), clamp(lat + step[1] * size, 90));
      }}
    >
      <g transform="scale(1,-1)">
        {LAND.map((points) => (
          <polygon key={points} points={points} className={classes["land"]} />
        ))}
        {[-60, -30, 0, 30, 60].map((at) => (
          <line key={at} x1={-180} x2={180} y1={at} y2={at} className={classes["line"]} />
        ))}
        {[-150, -120, -90, -60, -30, 0, 30, 60, 90, 120, 150].map((at) => (
          <line key={at} x1={at} x2={at} y1={-90} y2={90} className={classes["line"]} />
        ))}
        <circle cx={lon} cy={lat} r={3.5} className={classes["place"]} />
      </g>
    </svg>
  );
}
