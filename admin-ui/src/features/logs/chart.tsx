import { Button, Group, Text } from "@mantine/core";
import { useRef, useState, type PointerEvent } from "react";
import type { LogHour } from "@/api/logs";
import { plural, t } from "@/i18n";
import { parseDate, shortDate } from "@/lib/dates";
import { formatCount } from "@/lib/numbers";
import classes from "./chart.module.css";

export interface Span {
  from: Date;
  to: Date;
}

const HOUR = 3_600_000;
const BARS_MAX = 120;
const HEIGHT = 90;

interface Bar extends Span {
  /** Entries that say what they are about. */
  total: number;
  /** Requests that were only counted. */
  leftOut: number;
}

const sumOf = (list: Bar[], key: "total" | "leftOut") => list.reduce((sum, bar) => sum + bar[key], 0);

/** Bars of one hour, or of several when the time is long. */
function bars(hours: LogHour[], span: Span | null): Bar[] {
  const points = hours.flatMap(({ date, total, leftOut = 0 }) => {
    const at = parseDate(date)?.getTime();
    return at === undefined || (span && (at < span.from.getTime() - HOUR || at >= span.to.getTime())) ? [] : { at, total, leftOut };
  });
  const first = points[0]?.at;
  const last = points.at(-1)?.at;
  if (first === undefined || last === undefined) return [];
  const hoursAll = Math.max((last - first) / HOUR + 1, 24);
  const step = Math.max(1, Math.ceil(hoursAll / BARS_MAX)) * HOUR;
  const start = last + HOUR - Math.ceil((hoursAll * HOUR) / step) * step;
  const list: Bar[] = Array.from({ length: Math.ceil((hoursAll * HOUR) / step) }, (_, at) => ({ from: new Date(start + at * step), to: new Date(start + (at + 1) * step), total: 0, leftOut: 0 }));
  for (const point of points) {
    const bar = list[Math.floor((point.at - start) / step)];
    if (!bar) continue;
    bar.total += point.total;
    bar.leftOut += point.leftOut;
  }
  return list;
}

/** Entries per hour. Dragging over it narrows the time. */
export function LogChart({ hours, span, setSpan }: { hours: LogHour[]; span: Span | null; setSpan: (span: Span | null) => void }) {
  const frame = useRef<SVGSVGElement>(null);
  const [drag, setDrag] = useState<[number, number] | null>(null);
  const [hovered, setHovered] = useState<number | null>(null);
  const list = bars(hours, span);
  const top = Math.max(1, ...list.map((bar) => bar.total + bar.leftOut));
  const at = (event: PointerEvent): number => {
    const box = frame.current?.getBoundingClientRect();
    if (!box) return 0;
    return Math.max(0, Math.min(list.length - 1, Math.floor(((event.clientX - box.left) / box.width) * list.length)));
  };
  const finish = () => {
    if (drag) {
      const [from, to] = drag.toSorted((a, b) => a - b);
      const [start, end] = [list[from ?? 0], list[to ?? 0]];
      if (start && end && from !== to) setSpan({ from: start.from, to: end.to });
    }
    setDrag(null);
  };
  const shown = hovered === null ? undefined : list[hovered];
  const [total, leftOut] = shown ? [shown.total, shown.leftOut] : [sumOf(list, "total"), sumOf(list, "leftOut")];
  const told = [plural(total, "1 entry", "{total} entries", { total: formatCount(total) }), leftOut > 0 && plural(leftOut, "1 more request, only counted", "{total} more requests, only counted", { total: formatCount(leftOut) })].filter(Boolean).join(" + ");
  const first = list[0];
  const last = list.at(-1);
  return (
    <figure className={classes["frame"]}>
      <Group justify="space-between" mih={28}>
        <Text size="xs" c="dimmed" role="status">
          {shown ? `${shortDate(shown.from)}: ${told}` : told}
        </Text>
        {span && <Button size="compact-xs" variant="light" onClick={() => setSpan(null)}>{t("Show all the time")}</Button>}
      </Group>
      {list.length > 0 && (
        <svg
          ref={frame}
          viewBox={`0 0 ${list.length * 10} ${HEIGHT}`}
          preserveAspectRatio="none"
          className={classes["chart"]}
          role="img"
          aria-label={t("Entries per hour")}
          onPointerDown={(event) => {
            event.currentTarget.setPointerCapture(event.pointerId);
            setDrag([at(event), at(event)]);
          }}
          onPointerMove={(event) => {
            setHovered(at(event));
            if (drag) setDrag([drag[0], at(event)]);
          }}
          onPointerUp={finish}
          onPointerLeave={() => setHovered(null)}
          onDoubleClick={() => setSpan(null)}
        >
          {drag && <rect x={Math.min(...drag) * 10} width={(Math.abs(drag[1] - drag[0]) + 1) * 10} y={0} height={HEIGHT} className={classes["span"]} />}
          {list.map((bar, index) => {
            const heightOf = (count: number) => (count === 0 ? 0 : Math.max(2, (count / top) * (HEIGHT - 4)));
            const [height, above] = [heightOf(bar.total), heightOf(bar.leftOut)];
            const place = { x: index * 10 + 1, width: 8, "data-hovered": hovered === index || undefined };
            return (
              <g key={bar.from.getTime()}>
                <rect {...place} y={HEIGHT - height} height={height} className={classes["bar"]} />
                {above > 0 && <rect {...place} y={HEIGHT - height - above} height={above} className={classes["counted"]} />}
              </g>
            );
          })}
        </svg>
      )}
      {first && last && (
        <Group justify="space-between">
          <Text size="xs" c="dimmed">{shortDate(first.from)}</Text>
          <Text size="xs" c="dimmed">{shortDate(last.to)}</Text>
        </Group>
      )}
    </figure>
  );
}
