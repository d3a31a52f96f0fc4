export function ApiPreview(_: { collection: unknown }) { return null; }
