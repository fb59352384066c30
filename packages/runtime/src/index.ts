export { type ContainerPlan, containerSteps } from './container-steps.ts';
export { type EtcFiles, etcFiles } from './own-files.ts';
export { type ContainerProcess, type ProcessOptions, processOf } from './process.ts';
export { maskedPaths, readonlyPaths } from './protection.ts';
export type { RootFilesystem } from './root-filesystem.ts';
export { planContainer, type RunOptions, run } from './run.ts';
export { RuntimeError, type RuntimeErrorCode } from './runtime-error.ts';
