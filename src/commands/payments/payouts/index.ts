import PaymentsPayoutsList from './list.ts';

export default class PaymentsPayouts extends PaymentsPayoutsList {}
