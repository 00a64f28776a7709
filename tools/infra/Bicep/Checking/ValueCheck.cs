namespace Dapr.Voice.Infra.Bicep.Checking;

/// <summary>A value against a declared type, limits and allowed values included. What only the deployment knows passes.</summary>
internal static class ValueCheck
{
    public static void Check(BicepValue value, BicepType type, string what, Action<SourceSpan, string, string> report, int depth = 0)
    {
        if (depth > 100 || value is BicepRuntime) return;
        switch (type.Resolved)
        {
            case BicepType.Any: return;
            case BicepType.Null when value is BicepNull: return;
            case BicepType.String text when value is BicepString given:
                if (text.Literal is not null && text.Literal != given.Value) report(value.Where, "BCP033", $"{what} must be '{text.Literal}', not '{Short(given.Value)}'.");
                if (given.Value.Length < text.Minimum) report(value.Where, "BCP332", $"{what} must have at least {text.Minimum} characters, not {given.Value.Length}.");
                if (given.Value.Length > text.Maximum) report(value.Where, "BCP332", $"{what} must have at most {text.Maximum} characters, not {given.Value.Length}.");
                return;
            case BicepType.Integer number when value is BicepInteger given:
                if (number.Literal is not null && number.Literal != given.Value) report(value.Where, "BCP033", $"{what} must be {number.Literal}, not {given.Value}.");
                if (given.Value < number.Minimum) report(value.Where, "BCP327", $"{what} must be at least {number.Minimum}, not {given.Value}.");
                if (given.Value > number.Maximum) report(value.Where, "BCP327", $"{what} must be at most {number.Maximum}, not {given.Value}.");
                return;
            case BicepType.Boolean truth when value is BicepBoolean given:
                if (truth.Literal is not null && truth.Literal != given.Value) report(value.Where, "BCP033", $"{what} must be {truth}.");
                return;
            case BicepType.Array array when value is BicepArray given:
                if (given.Items.Count < array.Minimum) report(value.Where, "BCP332", $"{what} must have at least {array.Minimum} items, not {given.Items.Count}.");
                if (given.Items.Count > array.Maximum) report(value.Where, "BCP332", $"{what} must have at most {array.Maximum} items, not {given.Items.Count}.");
                if (array.Item is BicepType.Any) return;
                for (int i = 0; i < given.Items.Count; i++) Check(given.Items[i], array.Item, $"{what}[{i}]", report, depth + 1);
                return;
            case BicepType.Tuple tuple when value is BicepArray given:
                if (given.Items.Count != tuple.Items.Count) report(value.Where, "BCP033", $"{what} must have {tuple.Items.Count} items, not {given.Items.Count}.");
                for (int i = 0; i < Math.Min(given.Items.Count, tuple.Items.Count); i++) Check(given.Items[i], tuple.Items[i], $"{what}[{i}]", report, depth + 1);
                return;
            case BicepType.Object shape when value is BicepObject given:
                foreach (var member in shape.Members)
                {
                    if (given[member.Name] is { } part) Check(part, member.Type, $"{what}.{member.Name}", report, depth + 1);
                    else if (!member.Type.IsNullable) report(value.Where, "BCP035", $"{what} lacks the property '{member.Name}'.");
                }
                foreach (var property in given.Properties.Where(p => shape.Members.All(m => !string.Equals(m.Name, p.Name, StringComparison.OrdinalIgnoreCase))))
                {
                    if (shape.Additional is null) report(property.Where, "BCP037", $"{what} may not have a property '{property.Name}'.{Suggest.Text(property.Name, shape.Members.Select(m => m.Name))}");
                    else Check(property.Value, shape.Additional, $"{what}.{property.Name}", report, depth + 1);
                }
                return;
            case BicepType.Union union:
                bool fits = false;
                List<(SourceSpan, string, string)> best = [];
                foreach (var member in union.Members)
                {
                    List<(SourceSpan, string, string)> problems = [];
                    Check(value, member, what, (where, rule, message) => problems.Add((where, rule, message)), depth + 1);
                    fits |= problems.Count == 0;
                    // Of the alternatives the one of the value's own kind says what is wrong.
                    if (member.Hint == value.Type && member.Resolved is BicepType.Object or BicepType.Array) best = problems;
                }
                if (fits) return;
                if (best.Count == 0) report(value.Where, "BCP033", $"{what} must be {type}, not {(value is BicepString s ? $"'{Short(s.Value)}'" : Evaluation.Evaluator.Describe(value))}.");
                foreach (var (where, rule, message) in best) report(where, rule, message);
                return;
            case BicepType.Resource or BicepType.Module or BicepType.Collection or BicepType.Scope or BicepType.Lambda: return;
            default:
                report(value.Where, "BCP033", $"{what} must be {type}, not {Evaluation.Evaluator.Describe(value)}.");
                return;
        }
    }

    private static string Short(string text) => text.Length > 60 ? text[..60] + "…" : text;
}
