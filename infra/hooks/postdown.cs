#:project ../../tools/hooks/Dapr.Voice.Hooks.csproj
// After 'azd down': lists what is left in Azure, with the commands that remove it. azd runs this file with 'dotnet run'; README.md says
// what it does.
return await Dapr.Voice.Hooks.HookProgram.RunAsync("postdown");
