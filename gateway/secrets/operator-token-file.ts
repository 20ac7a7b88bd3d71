/** Where a gateway keeps the token that no configuration names; `codeplate operator --config` looks there as well. */
import { join } from 'node:path';

export const operatorTokenFile = (data: string): string => join(data, 'operator-token');
