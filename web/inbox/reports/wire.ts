// What the reports of the org door answer (`org.md` N).

export interface Totals {
  conversations: number;
  resolved: number;
  messages_in: number;
  messages_out: number;
  first_response_seconds: { median: number | null; p90: number | null };
  resolution_seconds: { median: number | null; p90: number | null };
  answered_by_assistant: number;
  handed_over: number;
  tokens: { input: number; output: number };
  rating: { count: number; average: number | null; by_score: [number, number, number, number, number] };
}

export interface Day {
  date: string;
  conversations: number;
  resolved: number;
  messages_in: number;
  first_response_median: number | null;
}

export interface Report {
  from: string;
  to: string;
  totals: Totals;
  previous: Totals;
  days: Day[];
  /** Monday first, by the hour. */
  hours: number[][];
  tags: { tag: string; count: number }[];
  agents: { id: string; name: string; conversations: number; replies: number; resolved: number; first_response_median: number | null; rating_average: number | null }[];
}
