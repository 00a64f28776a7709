namespace Dapr.Voice.Hooks;

/// <summary>The only call of <c>azd</c> that the hooks make: it stores a value that the next command of azd reads.</summary>
internal sealed class AzdCli
{
    private readonly HookContext _context;
    private readonly CommandLine _azd;

    private AzdCli(HookContext context, CommandLine azd) => (_context, _azd) = (context, azd);

    public static AzdCli Require(HookContext context)
        => new(context, CommandLine.Require(context, "azd", "install the Azure Developer CLI: https://aka.ms/azd"));

    public async Task SetAsync(string name, string value, CancellationToken cancellation)
    {
        // 'azd -e NAME' works on another environment than the selected one.
        string[] environment = _context.Optional("AZURE_ENV_NAME") is { } chosen ? ["--environment", chosen] : [];
        CommandResult result = await _azd.RunAsync(["env", "set", name, value, .. environment], cancellation);
        string command = string.Join(' ', (string[])["azd env set", name, $"\"{value}\"", .. environment]);
        if (!result.Succeeded) throw new HookFailure($"azd does not keep {name}: {result.Reason}", $"run '{command}'");
        _context.Environment[name] = value;
    }
}
