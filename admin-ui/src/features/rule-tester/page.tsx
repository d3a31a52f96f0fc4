export function RuleTesterPage() { return null; }
