import { ActionIcon, Group } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { type PointerEvent, useMemo, useRef, useState } from "react";
import type { Collection } from "@/api/schema";
import { t } from "@/i18n";
import { go, link } from "@/lib/route";
import { IconZoomIn, IconZoomOut, IconZoomReset } from "@/ui/icons";
import classes from "./diagram.module.css";
import { type Arrow, BOX_WIDTH, HEAD, layOut, LINE } from "./layout";

const MARGIN = 40;
const ZOOM_MIN = 0.3;
const ZOOM_MAX = 2;
const START = { x: MARGIN, y: MARGIN, zoom: 0.9 };

function pathOf({ from, to, fromY }: Arrow): string {
  const toY = to.y + HEAD / 2;
  const leftward = to.x < from.x;
  const [x1, x2] = leftward || to === from ? [from.x, to.x + (to === from ? 0 : BOX_WIDTH)] : [from.x + BOX_WIDTH, to.x];
  const bend = to === from ? -60 : Math.max(40, Math.abs(x2 - x1) / 2) * (leftward ? -1 : 1);
  return `M ${x1} ${fromY} C ${x1 + bend} ${fromY}, ${x2 + (to === from ? bend : -bend)} ${toY}, ${x2} ${toY}`;
}

const open = (collection: Collection) => go(link("collections", { collection: collection.name, tab: "fields" }));

/** The collections as boxes and their relations as arrows; drag to move, wheel to zoom. */
export function Diagram({ collections }: { collections: Collection[] }) {
  const { boxes, arrows } = useMemo(() => layOut(collections), [collections]);
  const [view, setView] = useState(START);
  const [hovered, setHovered] = useState("");
  const dragged = useRef<{ x: number; y: number } | null>(null);
  const zoom = (factor: number, at = { x: 400, y: 300 }) =>
    setView((before) => {
      const next = Math.max(ZOOM_MIN, Math.min(ZOOM_MAX, before.zoom * factor));
      const scale = next / before.zoom;
      return { x: at.x - (at.x - before.x) * scale, y: at.y - (at.y - before.y) * scale, zoom: next };
    });
  useHotkeys([["mod+0", () => setView(START)], ["+", () => zoom(1.2)], ["-", () => zoom(1 / 1.2)]]);
  const move = (event: PointerEvent) => {
    const last = dragged.current;
    if (!last) return;
    dragged.current = { x: event.clientX, y: event.clientY };
    setView((before) => ({ ...before, x: before.x + event.clientX - last.x, y: before.y + event.clientY - last.y }));
  };
  const touches = (arrow: Arrow) => arrow.from.collection.id === hovered || arrow.to.collection.id === hovered;
  const related = new Set([hovered, ...arrows.filter(touches).flatMap((arrow) => [arrow.from.collection.id, arrow.to.collection.id])]);

  return (
    <div className={classes["frame"]}>
      <svg
        className={classes["canvas"]}
        aria-label={t("Diagram of the collections")}
        role="group"
        onPointerDown={(event) => {
          if (event.target !== event.currentTarget) return;
          event.currentTarget.setPointerCapture(event.pointerId);
          dragged.current = { x: event.clientX, y: event.clientY };
        }}
        onPointerMove={move}
        onPointerUp={() => (dragged.current = null)}
        onWheel={(event) => {
          const box = event.currentTarget.getBoundingClientRect();
          zoom(event.deltaY < 0 ? 1.1 : 1 / 1.1, { x: event.clientX - box.left, y: event.clientY - box.top });
        }}
      >
        <defs>
          <marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">
            <path d="M0 0 L8 4 L0 8 z" className={classes["tip"]} />
          </marker>
        </defs>
        <g transform={`translate(${view.x} ${view.y}) scale(${view.zoom})`}>
          {arrows.map((arrow) => (
            <path key={`${arrow.from.collection.id} ${arrow.field}`} d={pathOf(arrow)} markerEnd="url(#tip)" className={classes["arrow"]} data-active={touches(arrow) || undefined} />
          ))}
          {boxes.map(({ collection, x, y, height }) => (
            <g
              key={collection.id}
              transform={`translate(${x} ${y})`}
              className={classes["box"]}
              data-faded={(hovered && !related.has(collection.id)) || undefined}
              onPointerEnter={() => setHovered(collection.id)}
              onPointerLeave={() => setHovered("")}
              onClick={() => open(collection)}
            >
              <rect width={BOX_WIDTH} height={height} rx={8} className={classes["paper"]} />
              <g
                role="link"
                tabIndex={0}
                aria-label={collection.name}
                className={classes["title"]}
                onFocus={() => setHovered(collection.id)}
                onBlur={() => setHovered("")}
                onKeyDown={(event) => event.key === "Enter" && open(collection)}
              >
                <rect width={BOX_WIDTH} height={HEAD} rx={8} fill="transparent" />
                <text x={12} y={22} className={classes["name"]}>{collection.name}</text>
              </g>
              <text x={BOX_WIDTH - 12} y={22} textAnchor="end" className={classes["kind"]}>{collection.type}</text>
              <line x1={0} x2={BOX_WIDTH} y1={HEAD - 2} y2={HEAD - 2} className={classes["line"]} />
              {collection.fields.map((field, at) => (
                <g key={field.id} transform={`translate(0 ${HEAD + at * LINE + 14})`}>
                  <text x={12} className={classes["field"]}>{field.name.slice(0, 18)}</text>
                  <text x={BOX_WIDTH - 12} textAnchor="end" className={classes["kind"]}>{field.type}</text>
                </g>
              ))}
            </g>
          ))}
        </g>
      </svg>
      <Group gap={4} className={classes["tools"] ?? ""}>
        <ActionIcon variant="default" size="lg" aria-label={t("Smaller")} onClick={() => zoom(1 / 1.2)}><IconZoomOut size={17} /></ActionIcon>
        <ActionIcon variant="default" size="lg" aria-label={t("As it was in the beginning")} onClick={() => setView(START)}><IconZoomReset size={17} /></ActionIcon>
        <ActionIcon variant="default" size="lg" aria-label={t("Larger")} onClick={() => zoom(1.2)}><IconZoomIn size={17} /></ActionIcon>
      </Group>
    </div>
  );
}
