using System.Globalization;
using Dapr.Voice.Infra.Bicep;

namespace Dapr.Voice.Infra.Checks;

/// <summary>
/// One value that we chose and that no schema and no other file knows: it stands in the template and here, and a change has to be made in both. Optional properties of Azure's
/// resources fall back to defaults without a word, so leaving one out is the fault that this finds.
/// </summary>
/// <param name="Type">Resource type.</param>
/// <param name="Name">Resource name (its last segment), null: every resource of the type.</param>
/// <param name="Path">Dotted path in the body; <c>[x]</c> is the item of an array whose name is x, or the x-th.</param>
/// <param name="Value">The value as text; several are separated by <c>|</c>, of which a deployment's shape picks one; <c>*</c>: anything, but it has to be there.</param>
internal sealed record Choice(string Type, string? Name, string Path, string Value)
{
    public static void Check(CheckContext context)
    {
        if (!context.IsComplete) return;
        var seen = new HashSet<(string, string)>();
        foreach (var resource in context.Made)
        {
            string last = NameOf(resource);
            foreach (var choice in Choices.Of(resource.Type))
            {
                if (choice.Name is not null && choice.Name != last) continue;
                seen.Add((choice.Type, choice.Name ?? ""));
                var value = choice.Find(resource.Body, out var near);
                if (value is null or BicepNull)
                {
                    context.Add(near.Line > 0 ? near : resource.Where, RuleIds.Choice, $"'{choice.Path}' of '{resource.Symbol}' is '{choice.Value}' by choice (Choices), here it is left to Azure.");
                    continue;
                }
                if (choice.Value == "*") continue;
                string text = value is BicepString s ? s.Value : value is BicepRuntime r ? r.Text : value.ToString();
                if (!choice.Value.Split('|').Contains(text, StringComparer.Ordinal)) context.Add(value.Or(resource.Where), RuleIds.Choice, $"'{choice.Path}' of '{resource.Symbol}' is '{choice.Value}' by choice (Choices), here it is '{(text.Length > 60 ? text[..60] + "…" : text)}'.");
            }
        }
        var types = context.Made.Select(r => r.Type).ToHashSet(StringComparer.OrdinalIgnoreCase);
        foreach (var (type, name) in Choices.Names.Where(n => types.Contains(n.Type) && !seen.Contains((n.Type, n.Name)) && !Choices.IsOptional(n.Name))) context.AddToFile(context.MainPath, RuleIds.Choice, $"There are resources of type '{type}' and none is named '{name}'.");
    }

    /// <summary>Last segment of the name; for an app what runs in it, since a placeholder has the name of what it stands for.</summary>
    private static string NameOf(ResolvedResource resource)
    {
        if (resource.IsType("Microsoft.App/containerApps")) return new ContainerApp(resource).Container?["name"].Text() ?? "";
        return resource.Name is { } name ? name[(name.LastIndexOf('/') + 1)..] : "";
    }

    private BicepValue? Find(BicepObject body, out SourceSpan near)
    {
        BicepValue? at = body;
        near = body.Where;
        foreach (string step in Path.Split('.'))
        {
            int bracket = step.IndexOf('[', StringComparison.Ordinal);
            string property = bracket < 0 ? step : step[..bracket];
            if (property.Length > 0) at = (at as BicepObject)?[property];
            if (bracket >= 0 && at is not null)
            {
                string item = step[(bracket + 1)..^1];
                at = int.TryParse(item, NumberStyles.None, CultureInfo.InvariantCulture, out int index)
                    ? at.Items().ElementAtOrDefault(index)
                    : at.Objects().FirstOrDefault(o => o["name"].Text() == item);
            }
            if (at is null) return null;
            if (at.Where.Line > 0) near = at.Where;
        }
        return at;
    }
}
