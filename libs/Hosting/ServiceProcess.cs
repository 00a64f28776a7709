using Dapr.Voice.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;

namespace Dapr.Voice.Hosting;

/// <summary>
/// The outermost method of every service: it runs the service, prints why it could not run, and returns the exit code.
/// </summary>
public static class ServiceProcess
{
    /// <summary>Runs until SIGTERM, SIGINT or <see cref="ServiceExit.Fail"/>. Returns a member of <see cref="ExitCode"/>.</summary>
    /// <param name="prepare">Runs before the service is started and its ports for HTTP are opened. It may take as long as it
    /// needs.</param>
    public static async Task<int> RunAsync(Func<WebApplication> create, Action<WebApplication>? prepare = null)
    {
        if (OpenFiles.Limit() is var limit and < OpenFiles.Fewest)
            return await SayAsync(new ServiceException(ExitCode.Failed, $"This process may open {limit} files, and needs at least "
                + $"{OpenFiles.Fewest}. Raise the limit: ulimit -n 4096, or LimitNOFILE=4096 in a unit of systemd."));
        try
        {
            WebApplication app = create();
            await using (app)
            {
                ServiceExit exit = app.Services.GetRequiredService<ServiceExit>();
                prepare?.Invoke(app);
                await app.RunAsync();
                return await SayAsync(exit.Reason);
            }
        }
        catch (ServiceException e)
        {
            return await SayAsync(e);
        }
        catch (IOException e) when (e.InnerException is AddressInUseException)
        {
            return await SayAsync(
                new ServiceException(ExitCode.Failed, $"{e.Message} Free the port, or set ASPNETCORE_URLS to another one.", e));
        }
    }

    private static async Task<int> SayAsync(ServiceException? reason)
    {
        if (reason is null) return (int)ExitCode.Done;
        await Console.Error.WriteLineAsync(reason.Message);
        return (int)reason.Code;
    }
}
