import PaymentsDisputesList from './list.ts';

export default class PaymentsDisputes extends PaymentsDisputesList {}
