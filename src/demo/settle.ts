import { setTimeout as sleep } from 'node:timers/promises';
import type { Play } from './play.ts';
import { runJob } from './staff.ts';

/** Some thousand events and mails take a second or two; a stuck consumer must not hang the play. */
const PATIENCE_MS = 60_000;
const PAUSE_MS = 50;

/** Lets consumers read the stream to its end, and sends what mail waits. */
export async function settle(play: Play, signal: AbortSignal): Promise<void> {
  const { manager } = play.town;
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    signal.throwIfAborted();
    for (const job of ['stream.wake', 'orders.attend-cookies', 'mail.send']) {
      await runJob(play, job);
    }
    const { consumers } = await manager.stream.status();
    const behind = consumers.reduce((sum, consumer) => sum + consumer.eventsBehind, 0);
    const { waiting, sending } = await manager.mails.counts();
    if (behind + waiting + sending === 0 || performance.now() > deadline) return;
    await sleep(PAUSE_MS);
  }
}
