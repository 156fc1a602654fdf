import { Body, Controller, ParseEnumPipe, Post } from '@nestjs/common';
import { BehaviorAnalysis, BehaviorRule } from 'nestjs-behavior-guard';
import { GameMasters } from './game-masters.js';

enum Opponent {
  Goblin = 'goblin',
  Dragon = 'dragon',
}

const HERO_STRENGTH = 60;
const STRENGTH: Readonly<Record<Opponent, number>> = { [Opponent.Goblin]: 10, [Opponent.Dragon]: 90 };

/** Grinding is allowed, so nothing is refused here: people look at it. */
@Controller('battles')
@BehaviorAnalysis([
  new BehaviorRule('return_pattern', {
    name: 'battle-streak',
    pattern: 'json:result.outcome==victory',
    threshold: 5,
    window: '1h',
    action: 'alert',
  }),
  new BehaviorRule('return_pattern', {
    name: 'easy-victories',
    pattern: 'json:result.score>=50',
    threshold: 6,
    window: '1h',
    action: 'custom',
    customAction: GameMasters,
  }),
  // On trial: what would happen if long sessions were banned?
  new BehaviorRule('usage', {
    name: 'battle-marathon',
    threshold: 8,
    window: '1h',
    action: 'ban',
    passive: true,
  }),
])
export class BattleController {
  @Post()
  fight(@Body('opponent', new ParseEnumPipe(Opponent)) opponent: Opponent) {
    const score = HERO_STRENGTH - STRENGTH[opponent];
    return { opponent, result: { outcome: score > 0 ? 'victory' : 'defeat', score } };
  }
}
