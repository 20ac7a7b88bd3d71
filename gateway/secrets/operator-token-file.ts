/** The file of the operator token when the configuration names none; `codeplate operator --config` reads it too. */
import { join } from 'node:path';

export const operatorTokenFile = (data: string): string => join(data, 'operator-token');
