/** What is done first at a moment: later deeds may stand on earlier ones. */
export const TURNS = ['ends', 'orders', 'supplies', 'starts'] as const;
type Turn = (typeof TURNS)[number];

interface Deed {
  at: number;
  turn: Turn;
  act(): Promise<void>;
}

/** What somebody will do, and when. */
export interface Agenda {
  add(at: Date, turn: Turn, act: () => Promise<void>): void;
  /** Takes off what is due by now for this turn, earliest first. */
  take(now: Date, turn: Turn): (() => Promise<void>)[];
}

export function createAgenda(): Agenda {
  let deeds: Deed[] = [];
  return {
    add: (at, turn, act) => {
      deeds.push({ at: at.getTime(), turn, act });
    },
    take: (now, turn) => {
      const isDue = (deed: Deed) => deed.turn === turn && deed.at <= now.getTime();
      const due = deeds.filter(isDue);
      deeds = deeds.filter((deed) => !isDue(deed));
      return due.toSorted((one, other) => one.at - other.at).map(({ act }) => act);
    },
  };
}
