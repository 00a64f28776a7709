using Dapr.Voice.DevSidecar.Apps;
using Dapr.Voice.DevSidecar.Components;
using Dapr.Voice.DevSidecar.Grpc;
using Dapr.Voice.DevSidecar.Http;
using Dapr.Voice.DevSidecar.Resources;


namespace Dapr.Voice.DevSidecar;

/// <summary>
/// All sidecars of one process. It starts them, lets apps join and leave, and ends with the last shutdown. <c>Program</c> and the tests use
/// it. Any thread.
/// </summary>
public sealed class DevSidecarHost : IAsyncDisposable
{
    private readonly DevSidecarOptions _options;
    private readonly TextWriter _output;
    private readonly SharedComponents _components;
    private readonly SidecarRegistry _registry;
    private readonly SemaphoreSlim _changes = new(1, 1);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ControlEndpoint? _control;

    private DevSidecarHost(DevSidecarOptions options, TextWriter output)
    {
        _options = options;
        _output = TextWriter.Synchronized(output);
        _components = new SharedComponents(ResourceLoader.Load(options.ResourcesPaths, options.ConfigurationFile), options);
        _registry = new SidecarRegistry(options.TimeScale);
    }

    /// <summary>
    /// Completes when <c>POST /v1.0/shutdown</c> has ended the last app id. It does not complete if there is a control endpoint, through
    /// which another app could join.
    /// </summary>
    public Task Ended => _ended.Task;

    /// <summary>The port of the control endpoint. Null if there is none.</summary>
    public int? ControlPort => _control?.Port;

    /// <summary>Reads the resources, opens every port, and prints a line for each.</summary>
    /// <exception cref="ResourceException">The user has to change a file, an option or the machine. The message says what.</exception>
    public static async Task<DevSidecarHost> StartAsync(
        DevSidecarOptions options, TextWriter output, CancellationToken cancellation = default)
    {
        var host = new DevSidecarHost(options, output);
        try
        {
            foreach (string note in host._components.Resources.Notes) host._output.WriteLine($"note: {note}");
            foreach (AppSpec app in options.Apps) await host.AddAppAsync(app, cancellation).ConfigureAwait(false);
            if (options.ControlPort is { } port)
            {
                host._control = await ControlEndpoint.StartAsync(host, port, options.ApiToken, cancellation).ConfigureAwait(false);
                host._output.WriteLine($"control listens on http://127.0.0.1:{host._control.Port}");
            }
            return host;
        }
        catch
        {
            await host.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>
    /// Serves one more app id. If the id is served already, the new sidecar is a replica: invocations and events take turns.
    /// </summary>
    /// <returns>The spec with the actual ports.</returns>
    public async Task<AppSpec> AddAppAsync(AppSpec app, CancellationToken cancellation = default)
    {
        app.Validate();
        _components.CheckFor(app.Id);
        await _changes.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            var sidecar = new AppSidecar(app, _options, _components, OnShutdownAsync, line => _output.WriteLine($"note: {line}"));
            var http = new HttpApi(sidecar, new InvokeApi(sidecar, _registry, _options.TimeScale), _options.ApiToken);
            var grpc = new GrpcApi(sidecar, _options.ApiToken);
            try
            {
                await sidecar.StartAsync(http.HandleAsync, grpc.Bind(), cancellation).ConfigureAwait(false);
            }
            catch
            {
                await sidecar.DisposeAsync().ConfigureAwait(false);
                throw;
            }
            _registry.Add(sidecar);
            string own = app.AppPort is { } port ? $", app on {port}" : "";
            _output.WriteLine(
                $"sidecar {app.Id} listens on http://127.0.0.1:{sidecar.HttpPort}, gRPC on 127.0.0.1:{sidecar.GrpcPort}{own}");
            return app with { HttpPort = sidecar.HttpPort, GrpcPort = sidecar.GrpcPort };
        }
        finally
        {
            _changes.Release();
        }
    }

    /// <summary>Ends all sidecars of an app id.</summary>
    /// <param name="isKilled">The name stays known for a while, as with a real sidecar that was killed.</param>
    /// <returns>False if there was none.</returns>
    public async Task<bool> RemoveAppAsync(string id, bool isKilled = false)
    {
        var found = _registry.All.Where(s => s.Id == id).ToList();
        foreach (AppSidecar? sidecar in found) await EndAsync(sidecar, isKilled).ConfigureAwait(false);
        return found.Count > 0;
    }

    public IReadOnlyList<AppSpec> Apps => _registry.All.Select(s => new AppSpec(s.Id, s.HttpPort, s.App?.Port) { GrpcPort = s.GrpcPort })
        .ToList();

    /// <summary>Completes when every app is subscribed to its topics.</summary>
    public Task WhenReadyAsync() => Task.WhenAll(_registry.All.Select(s => s.Ready));

    /// <summary>Sets the state of the server behind a component. A killed server comes back empty.</summary>
    /// <returns>False for an unknown component.</returns>
    public bool SetOutage(string component, OutageState state) => _components.SetOutage(component, state);

    /// <summary>The calls of apps to components behind that number, the oldest first.</summary>
    internal IReadOnlyList<RecordedCall> CallsAfter(long sequence) => _components.Calls.After(sequence);

    /// <summary>The values of a state store whose keys begin so. Null for an unknown store.</summary>
    internal IReadOnlyDictionary<string, ReadOnlyMemory<byte>>? Values(string component, string prefix)
        => _components.Values(component, prefix);

    public async ValueTask DisposeAsync()
    {
        if (_control is { } control) await control.DisposeAsync().ConfigureAwait(false);
        await Task.WhenAll(_registry.All.Select(s => EndAsync(s, isKilled: false))).ConfigureAwait(false);
        _components.Dispose();
        _ended.TrySetResult();
    }

    private async Task EndAsync(AppSidecar sidecar, bool isKilled)
    {
        _registry.Remove(sidecar, isKilled);
        await sidecar.DisposeAsync().ConfigureAwait(false);
    }

    private async Task OnShutdownAsync(AppSidecar sidecar)
    {
        await EndAsync(sidecar, isKilled: false).ConfigureAwait(false);
        _output.WriteLine($"sidecar {sidecar.Id} was shut down");
        if (_registry.All.Count == 0 && _control is null) _ended.TrySetResult();
    }
}
