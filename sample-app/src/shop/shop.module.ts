import { Module } from '@nestjs/common';
import { CatalogueService } from './catalogue.service.js';
import { ProductController } from './product.controller.js';
import { SearchController } from './search.controller.js';

@Module({ controllers: [ProductController, SearchController], providers: [CatalogueService] })
export class ShopModule {}
