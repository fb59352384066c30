import { containerSteps, planContainer, processOf, type RunOptions, type RuntimeError, run } from '@estiba/runtime';

export const options: RunOptions = {
  rootfs: { lower: ['/srv/base'], upper: '/srv/upper', work: '/srv/work' },
  limits: { memory: { max: '64MiB' } },
  capabilities: ['CAP_CHOWN'],
  namespaces: ['pid', 'mount'],
};
export const code: Promise<number | null> = run(['true'], options)
  .then((container) => container.wait())
  .then(({ exitCode }) => exitCode);
export const steps = planContainer(['true'], { rootfs: '/' }).then((plan) => containerSteps(plan));
export const args: readonly string[] = processOf(['true'], { entrypoint: [] }).args;
export const told = (error: RuntimeError): string => error.code;

// @ts-expect-error without a root file system there is no container
run(['true'], {});
// @ts-expect-error limits are checked down to their values
run(['true'], { rootfs: '/', limits: { memory: { max: true } } });
// @ts-expect-error a command is a list of arguments
run('true', { rootfs: '/' });
