export { guard } from './guard.ts';
export { type LeftoversOptions, leftovers } from './leftovers.ts';
export { type Machine, machine } from './machine.ts';
export { missing, type Needs } from './missing.ts';
export { repositoryRoot } from './repository.ts';
export { isRequired, type Requirements, requires } from './requires.ts';
export { type Scratch, scratch } from './scratch.ts';
export { sweep } from './sweep.ts';
export { type Finished, nodeForEverybody, type UnprivilegedOptions, unprivileged } from './unprivileged.ts';
