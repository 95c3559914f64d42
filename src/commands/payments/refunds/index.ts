import PaymentsRefundsList from './list.ts';

export default class PaymentsRefunds extends PaymentsRefundsList {}
