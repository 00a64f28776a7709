using System.Runtime.CompilerServices;
using System.Text;
using System.Text.RegularExpressions;
using Dapr.Voice.Infra.Checks;
using Dapr.Voice.Infra.Documents;

namespace Dapr.Voice.Infra.Azd;

/// <summary>
/// The variables of azd's environment that the hooks require. By azd's convention they are outputs of the templates, in capitals.
/// </summary>
internal static partial class HookVariables
{
    public const string Folder = "tools/hooks";

    // A tree returns the same bytes for an unchanged file, and the mutation run asks a thousand times.
    private static readonly ConditionalWeakTable<byte[], IReadOnlyList<string>> Known = [];

    public static IReadOnlySet<string> ReadBy(SourceTree tree)
        => tree.Under(Folder, ".cs").SelectMany(p => Known.GetValue(tree.Read(p)!, static bytes => NamesIn(Encoding.UTF8.GetString(bytes))))
            .ToHashSet(StringComparer.Ordinal);

    private static IReadOnlyList<string> NamesIn(string text) => [.. Required().Matches(text).Select(m => m.Groups[1].Value)];

    // HookContext.Required and its variants for lists. A variable that is read with Optional needs no output.
    [GeneratedRegex("""Required(?:List|Lists)?\("([A-Z][A-Z0-9_]+)"\)""")]
    private static partial Regex Required();
}
