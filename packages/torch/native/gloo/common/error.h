// Stands in for Gloo's header of this name: nothing of it is used.
#pragma once
