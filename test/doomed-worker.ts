// A worker in a process of its own, to be killed in the middle: its jobs begin and never end.
// Arguments: the engine as JSON, and the URL of the database.
import { startWorker } from '../src/jobs/worker.ts';
import { openTestJobs, QUICK } from './job-worker.ts';

const [engine = '', databaseUrl = ''] = process.argv.slice(2);
const { setup } = openTestJobs(JSON.parse(engine), databaseUrl, (db) => ({
  leave: async (job, key) => {
    if (job === 'test.tick') return;
    await db.insertInto('starts').values({ job, key, pid: process.pid }).execute();
    await new Promise(() => undefined);
  },
}));
await startWorker(setup, QUICK);
