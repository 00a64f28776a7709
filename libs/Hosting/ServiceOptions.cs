using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Dapr.Voice.Hosting;

/// <summary>The settings of a service. The framework's options read and check them (docs/decisions/0021).</summary>
public static class ServiceOptions
{
    /// <summary>
    /// Registers <typeparamref name="T"/> for injection. <see cref="ServiceHost.BuildService"/> checks it together with all others, so that
    /// one message names every bad setting of the service, and no port is opened before.
    /// </summary>
    /// <returns>The settings as far as they could be read, for decisions during the construction of the service. They are not checked yet.
    /// </returns>
    public static T AddServiceOptions<T>(this WebApplicationBuilder builder) where T : class, IServiceOptions, new()
    {
        var setup = new ServiceOptionsSetup<T>(builder.Configuration);
        builder.Services.AddSingleton<IConfigureOptions<T>>(setup).AddSingleton<IValidateOptions<T>>(setup);
        builder.Services.AddOptions<T>().ValidateOnStart();
        builder.Services.AddSingleton(services => services.GetRequiredService<IOptions<T>>().Value);
        T options = new();
        setup.Configure(options);
        return options;
    }

    /// <summary>Reads and checks one section outside of a service.</summary>
    /// <exception cref="SettingsException">Names every bad setting and how to correct it.</exception>
    public static T Read<T>(IConfiguration configuration) where T : class, IServiceOptions, new()
    {
        var setup = new ServiceOptionsSetup<T>(configuration);
        T options = new();
        setup.Configure(options);
        ValidateOptionsResult result = setup.Validate(null, options);
        return result.Failed ? throw Refused(result.Failures) : options;
    }

    /// <summary>Checks the settings of all sections.</summary>
    /// <exception cref="SettingsException">Names every bad setting of every section and how to correct it.</exception>
    internal static void Check(IServiceProvider services)
    {
        try
        {
            services.GetService<IStartupValidator>()?.Validate();
        }
        catch (OptionsValidationException e)
        {
            throw Refused(e.Failures);
        }
        catch (AggregateException e) when (e.InnerExceptions.All(inner => inner is OptionsValidationException))
        {
            throw Refused(e.InnerExceptions.Cast<OptionsValidationException>().SelectMany(inner => inner.Failures));
        }
    }

    private static SettingsException Refused(IEnumerable<string> problems) => new("Settings need a change: " + string.Join(' ', problems));
}
