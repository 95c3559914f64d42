import PaymentsInvoicesList from './list.ts';

export default class PaymentsInvoices extends PaymentsInvoicesList {}
