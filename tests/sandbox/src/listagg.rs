//! LISTAGG in the engine's words: PostgreSQL takes `WITHIN GROUP (ORDER BY …)` for another kind of aggregate.
//! Owns the rewriting of the parsed form; the aggregate itself is one of the engine's functions.
//! Invariant: arguments, filter and window stay as they are.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, Function, FunctionArgumentClause, FunctionArguments, Statement, visit_expressions_mut,
};

/// Moves the order of each LISTAGG into its arguments; tells whether there was one.
pub(crate) fn order_arguments(statement: &mut Statement) -> bool {
    let mut changed = false;
    let _ = visit_expressions_mut(statement, |expression| {
        if let Expr::Function(function) = expression
            && is_listagg(function)
            && let FunctionArguments::List(arguments) = &mut function.args
            && !function.within_group.is_empty()
        {
            let order = std::mem::take(&mut function.within_group);
            arguments.clauses.push(FunctionArgumentClause::OrderBy(order));
            changed = true;
        }
        ControlFlow::<()>::Continue(())
    });
    changed
}

fn is_listagg(function: &Function) -> bool {
    let name = function.name.0.last().and_then(|part| part.as_ident());
    name.is_some_and(|name| name.value.eq_ignore_ascii_case("listagg"))
}
