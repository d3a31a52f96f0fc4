import type { Collection } from "@/api/schema";

export interface Box {
  collection: Collection;
  x: number;
  y: number;
  height: number;
}

export interface Arrow {
  from: Box;
  to: Box;
  /** How far down in the box it leaves. */
  fromY: number;
  field: string;
}

export const BOX_WIDTH = 210;
export const LINE = 20;
export const HEAD = 34;
const GAP_X = 90;
const GAP_Y = 34;
const COLUMN_HEIGHT = 760;

function targets(collection: Collection): string[] {
  return collection.fields.flatMap((field) => (field.type === "relation" ? field.collectionId : []));
}

/** How many relations lead away from a collection, one after the other; circles count once. */
function depthOf(collection: Collection, all: Map<string, Collection>, seen: ReadonlySet<string>): number {
  const next = targets(collection).flatMap((id) => (seen.has(id) || id === collection.id ? [] : (all.get(id) ?? [])));
  return next.length === 0 ? 0 : 1 + Math.max(...next.map((each) => depthOf(each, all, new Set([...seen, collection.id]))));
}

/** Places what others point at to the right of what points at it. */
export function layOut(collections: Collection[]): { boxes: Box[]; arrows: Arrow[]; width: number; height: number } {
  const byId = new Map(collections.map((each) => [each.id, each]));
  const depths = new Map(collections.map((each) => [each.id, depthOf(each, byId, new Set())]));
  const deepest = Math.max(0, ...depths.values());
  const boxes: Box[] = [];
  let x = 0;
  for (let depth = deepest; depth >= 0; depth -= 1) {
    let y = 0;
    for (const collection of collections.filter((each) => depths.get(each.id) === depth)) {
      const height = HEAD + collection.fields.length * LINE + 8;
      if (y > 0 && y + height > COLUMN_HEIGHT) {
        x += BOX_WIDTH + GAP_X / 2;
        y = 0;
      }
      boxes.push({ collection, x, y, height });
      y += height + GAP_Y;
    }
    x += BOX_WIDTH + GAP_X;
  }
  const boxOf = new Map(boxes.map((box) => [box.collection.id, box]));
  const arrows = boxes.flatMap((from) =>
    from.collection.fields.flatMap((field, at) => {
      const to = field.type === "relation" ? boxOf.get(field.collectionId) : undefined;
      return to ? [{ from, to, fromY: from.y + HEAD + at * LINE + LINE / 2, field: field.name }] : [];
    }),
  );
  return { boxes, arrows, width: x, height: Math.max(0, ...boxes.map((box) => box.y + box.height)) };
}
