using Microsoft.AspNetCore.Builder;

namespace Dapr.Voice.Hosting;

/// <summary>The outermost frame of a service: a bad setting ends the process with one sentence instead of a stack trace.</summary>
public static class ServiceProcess
{
    /// <summary>EX_CONFIG of sysexits.h: a supervisor that restarts on it restarts for ever.</summary>
    public const int BadSettingsExitCode = 78;

    /// <summary>EX_SOFTWARE of sysexits.h: a fault of our own that only a new process cures, so a supervisor should start one.</summary>
    public const int FaultExitCode = 70;

    /// <summary>Runs until SIGTERM or SIGINT. The exit code is 0 then, and <see cref="BadSettingsExitCode"/> if <paramref name="create"/> refused its settings.</summary>
    public static async Task<int> RunAsync(Func<WebApplication> create)
    {
        try
        {
            await using WebApplication app = create();
            await app.RunAsync();
            return 0;
        }
        catch (SettingsException e)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return BadSettingsExitCode;
        }
        catch (IOException e) when (e.InnerException is Microsoft.AspNetCore.Connections.AddressInUseException)
        {
            await Console.Error.WriteLineAsync($"{e.Message} Free the port, or set ASPNETCORE_URLS to another one.");
            return BadSettingsExitCode;
        }
    }
}
