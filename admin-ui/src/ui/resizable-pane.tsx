import type { PointerEvent, ReactNode } from "react";
import { useRemembered } from "@/lib/use-remembered";
import classes from "./resizable-pane.module.css";

interface Props {
  name: string;
  label: string;
  className: string;
  children: ReactNode;
}

const MIN = 180;
const MAX = 420;
const START = 240;
const KEY_STEP = 16;

/** A pane at the side whose edge can be dragged; this browser remembers where. */
export function ResizablePane({ name, label, className, children }: Props) {
  const [width, setWidth] = useRemembered(`pane.${name}`, START);
  const resize = (next: number) => setWidth(Math.max(MIN, Math.min(MAX, Math.round(next))));
  const drag = (event: PointerEvent<HTMLElement>) => {
    const start = event.clientX;
    const handle = event.currentTarget;
    handle.setPointerCapture(event.pointerId);
    const move = (moved: globalThis.PointerEvent) => resize(width + moved.clientX - start);
    handle.addEventListener("pointermove", move);
    handle.addEventListener("pointerup", () => handle.removeEventListener("pointermove", move), { once: true });
  };
  return (
    <div className={`${classes["pane"] ?? ""} ${className}`} style={{ width }}>
      {children}
      <span
        role="separator"
        aria-orientation="vertical"
        aria-label={label}
        aria-valuenow={width}
        aria-valuemin={MIN}
        aria-valuemax={MAX}
        tabIndex={0}
        className={classes["edge"]}
        onPointerDown={drag}
        onKeyDown={(event) => {
          const step = event.key === "ArrowRight" ? KEY_STEP : event.key === "ArrowLeft" ? -KEY_STEP : 0;
          if (step) resize(width + step);
        }}
      />
    </div>
  );
}
