import PaymentsLedgerTrialBalance from './trial-balance.ts';

export default class PaymentsLedger extends PaymentsLedgerTrialBalance {}
