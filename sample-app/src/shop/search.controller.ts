import { Controller, Get, Query } from '@nestjs/common';
import { CatalogueService } from './catalogue.service.js';

/** Its rules are in `guard.options.ts`: from configuration, they can be changed without touching code. */
@Controller('search')
export class SearchController {
  constructor(private readonly catalogue: CatalogueService) {}

  @Get()
  search(@Query('q') text = '') {
    const products = this.catalogue.search(String(text));
    return { total: products.length, products };
  }
}
