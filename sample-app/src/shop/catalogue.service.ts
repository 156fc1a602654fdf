import { Injectable } from '@nestjs/common';

export interface Product {
  readonly id: number;
  readonly name: string;
  readonly price: number;
}

const METALS = ['copper', 'bronze', 'iron', 'silver', 'golden'];
const THINGS = ['sword', 'shield', 'helmet', 'crown', 'ring', 'lamp', 'key', 'flute', 'mirror', 'anchor'];

@Injectable()
export class CatalogueService {
  private readonly products: readonly Product[] = METALS.flatMap((metal, row) =>
    THINGS.map((thing, column) => ({
      id: row * THINGS.length + column + 1,
      name: `${metal} ${thing}`,
      price: 10 * (row + 1),
    })),
  );

  find(id: number): Product | undefined {
    return this.products[id - 1];
  }

  search(text: string): readonly Product[] {
    return this.products.filter(({ name }) => name.includes(text.toLowerCase()));
  }
}
