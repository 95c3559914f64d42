import PaymentsCreditsList from './list.ts';

export default class PaymentsCredits extends PaymentsCreditsList {}
