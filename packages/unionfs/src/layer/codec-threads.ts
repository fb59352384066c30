/** Threads that stay for the next layer: to start one costs as much as to inflate 20 MB. */
import { CodecThread } from './codec-thread.ts';

/** Milliseconds: from layer to layer, and from image to image. */
const patience = 10_000;

/** As many as layers are usually unpacked at once. */
const most = 4;

const resting = new Map<CodecThread, NodeJS.Timeout>();

export function threadRests(): boolean {
  return resting.size > 0;
}

/** One that rests, or a new one; to be handed to `giveBackThread` in the end. */
export function takeThread(): CodecThread {
  for (const [thread, timer] of resting) {
    clearTimeout(timer);
    resting.delete(thread);
    if (thread.idle) return thread;
  }
  return new CodecThread();
}

/** One that was stopped in the middle of a layer, has failed, or has done plenty, ends. */
export async function giveBackThread(thread: CodecThread): Promise<void> {
  if (!thread.idle || resting.size >= most) return await thread[Symbol.asyncDispose]();
  thread.rest();
  resting.set(thread, setTimeout(end, patience, thread).unref());
}

/** Now, instead of when their time is over: for tests that look at what is left. */
export async function endRestingThreads(): Promise<void> {
  await Promise.all([...resting.keys()].map(end));
}

async function end(thread: CodecThread): Promise<void> {
  clearTimeout(resting.get(thread));
  resting.delete(thread);
  await thread[Symbol.asyncDispose]();
}
