using System.Reflection;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace Dapr.Voice.Hosting;

/// <summary>
/// Binds one section and finds everything that is wrong with it. The framework's binder stops at the first value of a wrong type and quotes
/// it, and the value may be a secret in the wrong place. This class repeats the binding without that value. So all bad values are named,
/// and none is quoted.
/// </summary>
internal sealed class ServiceOptionsSetup<T>(IConfiguration configuration) : IConfigureOptions<T>, IValidateOptions<T> where T : class,
    IServiceOptions, new()
{
    private readonly IConfigurationSection _section = configuration.GetSection(T.Section);

    /// <inheritdoc/>
    public void Configure(T options) => Bind(options);

    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, T options)
    {
        var problems = new List<string>();
        problems.AddRange(Bind(new T()).Select(setting => $"{setting}: the value has the wrong type."));
        problems.AddRange(Unknown());
        // The checks run only if all values could be read. Otherwise a setting would be named twice.
        if (problems.Count == 0) problems.AddRange(options.Problems());
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }

    /// <summary>
    /// Binds everything that can be bound. Returns the names, as environment variables, of the settings whose values have the wrong type.
    /// </summary>
    private List<string> Bind(T options)
    {
        Dictionary<string, string?> values = new(_section.AsEnumerable(makePathsRelative: true), StringComparer.OrdinalIgnoreCase);
        var wrong = new List<string>();
        while (true)
        {
            IConfigurationRoot readable = new ConfigurationBuilder().AddInMemoryCollection(values).Build();
            T attempt = new();
            try
            {
                readable.Bind(attempt);
                readable.Bind(options);
                return wrong;
            }
            catch (InvalidOperationException e)
            {
                string? path = PathIn(e.Message);
                if (path is null || !values.Remove(path))
                {
                    wrong.Add($"{T.Section}__…");
                    return wrong;
                }
                wrong.Add($"{T.Section}__{path.Replace(":", "__", StringComparison.Ordinal)}");
            }
        }
    }

    /// <summary>Finds settings that nothing reads. Such a setting is a typing mistake that would be noticed much later.</summary>
    private IEnumerable<string> Unknown()
    {
        var known = typeof(T).GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.SetMethod is { IsPublic: true })
            .ToDictionary(p => p.Name, p => p.Name, StringComparer.OrdinalIgnoreCase);
        return _section.GetChildren().Where(child => !known.ContainsKey(child.Key))
            .Select(child =>
            $"{T.Section}__{child.Key}: unknown setting; known are {string.Join(", ", known.Values.Order(StringComparer.Ordinal))}.");
    }

    /// <summary>
    /// The binder's message is <c>Failed to convert configuration value 'x' at 'Workers' to type …</c>. The value may contain quotes, so
    /// the last match counts.
    /// </summary>
    private static string? PathIn(string message)
    {
        const string before = " at '", after = "' to type '";
        int end = message.LastIndexOf(after, StringComparison.Ordinal);
        int start = end < 0 ? -1 : message.LastIndexOf(before, end, StringComparison.Ordinal);
        return start < 0 ? null : message[(start + before.Length)..end];
    }
}
