import PaymentsProofsList from './list.ts';

export default class PaymentsProofs extends PaymentsProofsList {}
