export { z, ZodError } from 'zod-itself';
