import type { WorkerInput } from '../contexts/orders/index.ts';

/** The cities of samples/candidates.xlsx. */
const CITIES = ['Harbour', 'Green Park', 'Oldtown', 'North Hill', 'Riverside'] as const;

/** Somebody who orders. */
export interface CustomerProfile {
  subject: string;
  name: string;
  email: string;
  places: readonly [DemoPlace, ...DemoPlace[]];
}

export interface DemoPlace {
  city: string;
  address: string;
}

const CUSTOMERS = [
  'Alice Moreau',
  'Bruno Keller',
  'Chiara Rossi',
  'Daniel Novak',
  'Elena Petrova',
  'Farid Haddad',
  'Greta Lindqvist',
  'Hugo Almeida',
];

const STREETS = ['Mill Lane', 'Station Road', 'Church Street', 'Quay Walk', 'Orchard Row'];

/** Eight customers, each with places in three cities. */
export function customerProfiles(): CustomerProfile[] {
  return CUSTOMERS.map((name, index) => {
    const place = (nth: number): DemoPlace => ({
      city: CITIES[(index + nth * 2) % CITIES.length] ?? CITIES[0],
      address: `${index * 7 + nth * 3 + 1} ${STREETS[(index + nth) % STREETS.length]}`,
    });
    const subject = name.toLowerCase().replace(' ', '.');
    return {
      subject,
      name,
      email: `${subject}@example.org`,
      places: [place(0), place(1), place(2)],
    };
  });
}

/** What one worker can do; together, every service of samples/services.xlsx. */
const TRADES: readonly { skills: string[]; strengths?: string[]; weaknesses?: string[] }[] = [
  { skills: ['cleaning', 'heavy', 'laundry'], strengths: ['punctual'] },
  { skills: ['cleaning', 'heights', 'garden'], strengths: ['careful'] },
  { skills: ['repairs', 'assembly', 'locks'], weaknesses: ['slow'] },
  { skills: ['plumbing', 'electrics', 'repairs'] },
  { skills: ['courier', 'errands', 'pets', 'grooming'], strengths: ['friendly'] },
  { skills: ['heavy', 'driving', 'car', 'courier'] },
  { skills: ['care', 'childcare', 'cooking', 'pets'], strengths: ['patient'] },
  { skills: ['it', 'errands', 'cleaning', 'garden'] },
];

const FIRST_NAMES = ['Ana', 'Boris', 'Carla', 'Dmitri', 'Esra', 'Filip', 'Gabriela', 'Henrik'];
const LAST_NAMES = ['Costa', 'Vogel', 'Sato', 'Mensah', 'Ivanova'];

/** Forty workers: in every city one of each trade. */
export function workerProfiles(): WorkerInput[] {
  return CITIES.flatMap((city, cityIndex) =>
    TRADES.map((trade, tradeIndex) => {
      const first = FIRST_NAMES[(tradeIndex + cityIndex) % FIRST_NAMES.length];
      const last = LAST_NAMES[(cityIndex + Math.floor(tradeIndex / 2)) % LAST_NAMES.length];
      const subject = `worker-${cityIndex + 1}${tradeIndex + 1}`;
      return { ...trade, name: `${first} ${last}`, city, subject, email: `${subject}@example.org` };
    }),
  );
}
