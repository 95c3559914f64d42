/**
 * What matching looks at. Its authors call the customer's side the reference sample and a worker
 * the normal sample; both words stay inside this library (`index.ts` gives the types plain names).
 * Neither carries a name, a mail address or a phone number, so a receipt cannot leak one.
 */

/** The service that is ordered, as the catalog has it. */
export interface OrderedService {
  readonly id: string;
  readonly code: string;
  readonly name: string;
  readonly category: string;
  readonly skills: readonly string[];
  readonly durationMinutes: number;
  /** Catalog price in minor units; null where the catalog has none. */
  readonly priceMinor: bigint | null;
}

/** What a price is computed from. Time and place are null in a quote: they are not known yet. */
export interface PriceRequest {
  readonly customerId: string;
  readonly service: OrderedService;
  readonly scheduledAt: Date | null;
  readonly endsAt: Date | null;
  readonly place: { readonly city: string; readonly address: string } | null;
  /** What the customer did before, where the caller knows it; for price formulas and steps. */
  readonly history?: { readonly completedOrders: number; readonly lastOrderAt: Date | null };
}

/** The customer's side of a match: who orders what, where, and from when to when. */
export interface ReferenceSample extends PriceRequest {
  readonly scheduledAt: Date;
  readonly endsAt: Date;
  readonly place: { readonly city: string; readonly address: string };
}

/** A worker of the short list, with all that the built-in steps look at. */
export interface NormalSample {
  readonly workerId: string;
  readonly city: string;
  readonly skills: readonly string[];
  readonly strengths: readonly string[];
  readonly weaknesses: readonly string[];
  /** Average of 1 to 5 stars; null when nobody has rated the worker yet. */
  readonly rating: number | null;
  readonly ratingCount: number;
  readonly completedOrders: number;
  /** Orders that the worker already holds on the day of this order. */
  readonly ordersThatDay: number;
  /** When an order was last assigned to the worker; null for never. Decides ties. */
  readonly lastAssignedAt: Date | null;
  /** Orders that the worker has completed for this customer. */
  readonly workedForCustomerBefore: number;
}
