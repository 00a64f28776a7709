using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Dapr.Voice.Tests.Fuzz.Live;

/// <summary>Keeps what a service logs as an error: a turn of a loop that had to be given up shows there, and only there.</summary>
internal sealed class ErrorLog : ILoggerProvider, ILogger
{
    private readonly ConcurrentQueue<string> _errors = new();

    public IReadOnlyCollection<string> Errors => _errors;

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel) && _errors.Count < 10) _errors.Enqueue($"{formatter(state, exception)} {exception}");
    }

    public void Dispose() { }
}
