import { type Call, isProgram, type Program, type Step } from '@estiba/syscalls';

/** The system calls of a program in order, whatever they are wrapped in. */
export function calls(program: Program): Call[] {
  return [...program].flatMap((part: Step | Program): Call[] => {
    if (isProgram(part)) return calls(part);
    if ('part' in part) return calls(part.part);
    if ('try' in part) return calls(part.try);
    return 'name' in part ? [part] : [];
  });
}
