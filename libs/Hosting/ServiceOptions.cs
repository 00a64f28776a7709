using System.Reflection;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Dapr.Voice.Hosting;

public static class ServiceOptionsExtensions
{
    /// <summary>Binds and checks at once, so that a service with a bad setting never opens its port; the result is also a singleton.</summary>
    /// <exception cref="SettingsException">Names every bad setting and the way out.</exception>
    public static T AddServiceOptions<T>(this IServiceCollection services, IConfiguration configuration) where T : class, IServiceOptions, new()
    {
        T options = Read<T>(configuration);
        services.AddSingleton(options);
        return options;
    }

    /// <inheritdoc cref="AddServiceOptions{T}"/>
    public static T Read<T>(IConfiguration configuration) where T : class, IServiceOptions, new()
    {
        IConfigurationSection section = configuration.GetSection(T.Section);
        var problems = new List<string>();
        T options = new();
        try
        {
            section.Bind(options);
        }
        catch (InvalidOperationException e)
        {
            // The binder's message quotes path and value; the path alone is enough, and a value may be a secret in the wrong place.
            problems.Add($"{T.Section}: a value has the wrong type ({TypeProblem(e)}).");
        }

        // A setting nobody reads is a typing mistake that would otherwise be found much later.
        HashSet<string> known = [.. typeof(T).GetProperties(BindingFlags.Public | BindingFlags.Instance).Select(p => p.Name.ToLowerInvariant())];
        problems.AddRange(section.GetChildren().Where(child => !known.Contains(child.Key.ToLowerInvariant()))
            .Select(child => $"{T.Section}__{child.Key}: unknown setting; known are {string.Join(", ", known.Order())}."));

        if (problems.Count == 0) problems.AddRange(options.Problems());
        return problems.Count == 0 ? options : throw new SettingsException("Settings need a change: " + string.Join(' ', problems));
    }

    private static string TypeProblem(InvalidOperationException e)
    {
        int at = e.Message.IndexOf(" at '", StringComparison.Ordinal);
        if (at < 0) return "see the setting's documentation";
        int end = e.Message.IndexOf('\'', at + 5);
        return end < 0 ? "see the setting's documentation" : e.Message[(at + 5)..end].Replace(":", "__", StringComparison.Ordinal);
    }
}
