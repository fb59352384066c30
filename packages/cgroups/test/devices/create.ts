import type { place } from '../views.ts';

export type Create = ReturnType<typeof place>['create'];
