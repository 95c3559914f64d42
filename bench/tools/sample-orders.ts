import type pg from 'pg';
import type { ApiProcess } from './api-process.ts';
import { CITIES, customerTokens, SERVICES } from './town.ts';

/** What the application sends with an order of this service, taken from one that it placed. */
export interface Sample {
  code: string;
  service: object;
  version: number;
  skills: string[];
  durationMinutes: number;
  priceMinor: string;
  priceLines: object;
  receipt: object;
}

/** Places one order of each service through the API and reads what that sent to the database. */
export async function placeSamples(api: ApiProcess, client: pg.Client): Promise<Sample[]> {
  const token = (await customerTokens(api.home))[0];
  const samples: Sample[] = [];
  for (const [at, code] of SERVICES.entries()) {
    const answer = await fetch(`${api.url}/v1/orders`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        'idempotency-key': `sample-${code}`,
      },
      body: JSON.stringify({
        service: code,
        place: { city: `City${at % CITIES}`, address: '12 Elm Street' },
        scheduledAt: new Date(Date.now() + (310 + at) * 86_400_000).toISOString(),
      }),
    });
    if (answer.status !== 201) throw new Error(`No sample of ${code}: ${await answer.text()}`);
    const { id } = (await answer.json()) as { id: string };
    const { rows } = await client.query<Sample>(
      `select c.code, o.service, c.version, c.skills, c.duration_minutes as "durationMinutes",
         o.price_minor as "priceMinor", o.price_lines as "priceLines",
         r.receipt - 'chosenWorkerId' - 'takenMeanwhile' as receipt
       from orders.orders o join catalog.services c on c.id = o.service_id
         join orders.match_receipts r on r.order_id = o.id where o.id = $1`,
      [id],
    );
    if (rows[0]) samples.push(rows[0]);
  }
  return samples;
}
