export function CronsPage() { return null; }
