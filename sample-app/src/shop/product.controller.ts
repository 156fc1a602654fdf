import { Controller, Get, NotFoundException, Param, ParseIntPipe } from '@nestjs/common';
import { SkipBehaviorGuard, UsageMonitor } from 'nestjs-behavior-guard';
import { CatalogueService } from './catalogue.service.js';
import type { Product } from './catalogue.service.js';

const FEATURED = [5, 14, 23];

/** Who walks through the catalogue gets slow answers first, and then none. */
@Controller('products')
@UsageMonitor({
  name: 'catalogue-pace',
  maxCalls: 25,
  window: '1m',
  action: 'delay',
  delay: '100ms',
  scope: 'class',
})
@UsageMonitor({ name: 'catalogue-walk', maxCalls: 40, window: '1m', action: 'ban', scope: 'class' })
export class ProductController {
  constructor(private readonly catalogue: CatalogueService) {}

  /** The start page shows these to everybody, often: not a sign of anything. */
  @Get('featured')
  @SkipBehaviorGuard('catalogue-pace', 'catalogue-walk')
  featured() {
    return FEATURED.map((id) => this.catalogue.find(id));
  }

  @Get(':id')
  product(@Param('id', ParseIntPipe) id: number): Product {
    const product = this.catalogue.find(id);
    if (!product) throw new NotFoundException();
    return product;
  }
}
