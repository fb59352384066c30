// As a set-up file of vitest: guards every test file that it is named for.
import { guard } from './guard.ts';

guard();
