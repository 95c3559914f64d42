import PaymentsChargesList from './list.ts';

export default class PaymentsCharges extends PaymentsChargesList {}
