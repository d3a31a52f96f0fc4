export function CsvImport(_: { collection: unknown; close: () => void }) { return null; }
