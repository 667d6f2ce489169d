import { styleText } from 'node:util';

type Style = (text: string) => string;

/** The few styles of the program. None of them carries a meaning that the words do not have. */
export interface Paint {
  bold: Style;
  dim: Style;
  good: Style;
  bad: Style;
  careful: Style;
}

/** Styles that colour, or leave the text as it is. */
export function makePaint(on: boolean): Paint {
  const style =
    (...format: Parameters<typeof styleText>[0][]): Style =>
    (text) =>
      on ? format.reduce<string>((done, one) => styleText(one, done, { validateStream: false }), text) : text;
  return { bold: style('bold'), dim: style('dim'), good: style('green'), bad: style('red'), careful: style('yellow') };
}
