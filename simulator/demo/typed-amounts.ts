/** After the story the counter stays open: an amount typed by hand is a sale to a customer with one coupon of each tier. */
import { createInterface } from 'node:readline';
import { type Fen, parseFen } from '#protocol/kernel/money.js';
import { obeyJobControl } from './job-control.js';
import { type Language, wrap } from './narration.js';
import type { Shop } from './shop.js';

/** Of what somebody typed that is no amount, so much is said back. */
const SHOWN_CHARACTERS = 24;
const ENDS: ReadonlySet<string> = new Set(['', 'q', 'quit', 'exit', '退出']);

/** Returns how many sales there were, once Enter alone, Ctrl-C or Ctrl-D ends it. */
export async function takeAmounts(shop: Shop, language: Language): Promise<number> {
  const faces = shop.campaign.tiers.map(({ faceFen }) => faceFen / 100);
  const lines = createInterface({ input: process.stdin, output: process.stdout, prompt: '  ￥ ' });
  // Ctrl-C here ends the demo as Enter does: what was sold is still compared, and nothing is left behind.
  lines.on('SIGINT', () => lines.close());
  const endJobControl = obeyJobControl(lines);
  const help = [
    ...(language === 'zh'
      ? [`柜台还开着：输入金额（元），回车收款。顾客持有${faces.join('、')}元券。直接回车结束。`]
      : []),
    `The counter stays open: type an amount in yuan. The customer holds coupons of ${faces.join(', ')}. Enter alone ends.`,
  ];
  const columns = Math.min(100, process.stdout.columns ?? 100) - 2;
  process.stdout.write(
    `\n${help
      .flatMap((text) => wrap(text, columns))
      .map((line) => `  ${line}\n`)
      .join('')}`,
  );
  lines.prompt();
  let sales = 0;
  for await (const line of lines) {
    const text = line.trim();
    if (ENDS.has(text.toLowerCase())) break;
    const amount = typedAmount(text);
    if (amount === undefined) {
      const shown = shownBack(text);
      shop.tell.trouble({
        zh: `“${shown}”不是金额：请输入0.01至999999.99元，例如 259.90`,
        en: `"${shown}" is no amount: write 0.01 to 999999.99 yuan, for example 259.90`,
      });
    } else {
      await sell(shop, amount, faces);
      sales += 1;
    }
    lines.prompt();
  }
  endJobControl();
  lines.close();
  process.stdout.write('\n');
  return sales;
}

/** As people write amounts: ￥259.90, 259.9元, 1,200, and full-width digits of a Chinese keyboard. */
export function typedAmount(text: string): Fen | undefined {
  const plain = text.normalize('NFKC').replace(/^[¥￥]\s*|\s*元$/gu, '');
  const digits = /^(\d{1,3}(?:,\d{3})+|\d{1,6})(?:\.(\d{1,2}))?$/.exec(plain);
  if (digits === null) return undefined;
  const amount = parseFen(Number(`${digits[1]?.replaceAll(',', '')}${(digits[2] ?? '').padEnd(2, '0')}`));
  return amount.ok ? amount.value : undefined;
}

function shownBack(text: string): string {
  const characters = Array.from(text.replace(/[\p{Cc}\p{Cf}]/gu, '\ufffd'));
  return characters.length <= SHOWN_CHARACTERS
    ? characters.join('')
    : `${characters.slice(0, SHOWN_CHARACTERS).join('')}…`;
}

async function sell(shop: Shop, amountFen: Fen, faces: readonly number[]): Promise<void> {
  const customer = await shop.customer(...faces);
  const sale = await shop.sell(amountFen, shop.present(customer));
  // The sentence last: a receipt with its QR code is taller than most windows, and would push it out of sight.
  await shop.show(sale);
  shop.tell.step(sale.line);
}
