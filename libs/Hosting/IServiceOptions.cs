namespace Dapr.Voice.Hosting;

/// <summary>Settings of a service: a class with a parameterless constructor whose defaults work on a laptop.</summary>
public interface IServiceOptions
{
    /// <summary>The configuration section it is bound from.</summary>
    static abstract string Section { get; }

    /// <summary>
    /// One sentence per bad setting: its name as an environment variable, and what to set it to. Never the value of a secret.
    /// </summary>
    IEnumerable<string> Problems();
}
