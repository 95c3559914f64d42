import { expect, test } from 'vitest';
import { createPaymentsDatabase } from '../../../../test/database.ts';
import { createVirtualClock } from '../../../platform/clock.ts';
import { createIds } from '../../../platform/ids.ts';
import type { AllTables } from '../dependencies.ts';
import { MONDAY } from '../testing.ts';
import { createSandboxProvider } from './create-sandbox-provider.ts';
import { renderSandboxPage, sandboxPagePolicy } from './render-sandbox-page.ts';
import { sandboxPage, submitSandboxPage } from './sandbox-page.ts';

async function openMethodPage(returnUrl = 'https://shop.example/back') {
  const { open } = await createPaymentsDatabase<AllTables>();
  const clock = createVirtualClock(MONDAY);
  const publicUrl = 'http://127.0.0.1:3001';
  const box = { db: open('steward_payments_api'), clock, ids: createIds(clock), publicUrl };
  const provider = createSandboxProvider(box);
  const { ref } = await provider.createCustomer({ idempotencyKey: 'c', personKey: 'c' });
  const request = { idempotencyKey: 'page', customerRef: ref, returnUrl };
  const { url } = await provider.openMethodPage(request);
  return { box, clock, provider, request, ref, url, token: url.split('/').at(-1) ?? '' };
}

test('a customer chooses a test card on the page, which says that no money moves', async () => {
  const { box, provider, ref, token, url } = await openMethodPage();
  expect(url).toBe(`http://127.0.0.1:3001/sandbox/pages/${token}`);
  const page = await sandboxPage(box, token);
  const html = renderSandboxPage(page);
  expect(html).toContain('no money moves');
  expect(html).toContain('value="pm_card_chargeDeclinedInsufficientFunds"');
  expect(html).not.toContain('<script');
  const done = await submitSandboxPage(box, token, 'pm_card_mastercard');
  expect(done.state).toBe('done');
  expect(renderSandboxPage(done)).toContain('href="https://shop.example/back"');
  expect(await provider.currentMethod(ref)).toMatchObject({ brand: 'mastercard' });
});

test('a page does its work once', async () => {
  const { box, provider, ref, token } = await openMethodPage();
  await submitSandboxPage(box, token, 'pm_card_visa');
  const first = await provider.currentMethod(ref);
  await submitSandboxPage(box, token, 'pm_card_visa');
  expect(await provider.currentMethod(ref)).toEqual(first);
  const other = submitSandboxPage(box, token, 'pm_card_mastercard');
  await expect(other).rejects.toMatchObject({ code: 'page_closed' });
});

test('a page expires after a day, and the same key leads to the same page', async () => {
  const { box, clock, provider, request, token, url } = await openMethodPage();
  expect((await provider.openMethodPage(request)).url).toBe(url);
  clock.advance(24 * 3_600_000);
  const page = await sandboxPage(box, token);
  expect(page.state).toBe('expired');
  expect(renderSandboxPage(page)).not.toContain('<form');
  const late = submitSandboxPage(box, token, 'pm_card_visa');
  await expect(late).rejects.toMatchObject({ code: 'page_closed' });
});

test('an unknown page and an unknown choice are refused', async () => {
  const { box, token } = await openMethodPage();
  await expect(sandboxPage(box, 'x')).rejects.toMatchObject({ code: 'page_not_found' });
  const none = submitSandboxPage(box, token, '4242424242424242');
  await expect(none).rejects.toMatchObject({ code: 'invalid_input' });
});

test('an address to go back to cannot bring a script or markup into the page', async () => {
  const script = await openMethodPage('javascript:alert(1)');
  const page = await submitSandboxPage(script.box, script.token, 'pm_card_visa');
  expect(renderSandboxPage(page)).not.toContain('javascript:');
  const quoted = { ...page, returnUrl: 'https://a.example/"><b>' };
  expect(renderSandboxPage(quoted)).toContain('href="https://a.example/&quot;&gt;&lt;b&gt;"');
  expect(sandboxPagePolicy()).toMatch(/^default-src 'none'; style-src 'sha256-[\w+/=]+';/);
});
