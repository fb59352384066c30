/** Waits for all. The first to fail stops the others, and it is its error that counts; nothing goes on behind it. */
export async function together(group: AbortController, tasks: readonly Promise<unknown>[]): Promise<void> {
  let first: { error: unknown } | undefined;
  await Promise.all(
    tasks.map((task) =>
      task.catch((error) => {
        first ??= { error };
        group.abort(error);
      }),
    ),
  );
  if (first !== undefined) throw first.error;
}
