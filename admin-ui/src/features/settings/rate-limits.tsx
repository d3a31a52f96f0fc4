export function RateLimitsPage() { return null; }
